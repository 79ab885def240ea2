package chart

// Generate makes the generated files of the chart of a repository: their content by their path there.
func Generate(root string) (map[string][]byte, error) {
	schema, err := ValuesSchema(root)
	if err != nil {
		return nil, err
	}
	readme, err := Readme(root, schema)
	if err != nil {
		return nil, err
	}
	limits, err := Limits(root)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{"charts/latchkey/values.schema.json": schema, "charts/latchkey/README.md": readme, "charts/latchkey/files/limits.yaml": limits}, nil
}
