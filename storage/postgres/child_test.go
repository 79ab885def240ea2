package postgres

const childEnv = "LATCHKEY_TEST_CHILD"

// childOf does what a test wants of a process of its own, and says whether there was anything.
func childOf(what string) bool { return what != "" }
