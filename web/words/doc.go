// Package words holds what pages and mails say: flat catalogues with named arguments and plural forms, and the choice of a language.
// It must not know pages, HTTP or accounts. RFC 5646, RFC 4647 (language tags and their lookup), Unicode CLDR plural rules, RFC 9110 §12.5.4.
package words
