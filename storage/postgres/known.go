package postgres

// SchemaKnown is the version of the tables that this code makes and knows, counted from 1; 0 if what is built in cannot be read, which a test excludes.
func SchemaKnown() int {
	list, err := embedded()
	if err != nil {
		return 0
	}
	return len(list)
}
