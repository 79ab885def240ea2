package forward

// Methods are those that a proxy may ask with, where it asks with the method of the request: of HTTP, and of WebDAV and its extensions.
func Methods() []string {
	return []string{"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "REPORT", "SEARCH",
		"MKCALENDAR", "ACL"} // RFC 9110 §9.3, RFC 5789, RFC 4918 §9, RFC 3253 §3.6, RFC 5323, RFC 4791 §5.3.1, RFC 3744 §8.1
}
