// Package web draws the pages that people see, serves their assets, and writes the texts of mails. It must not decide anything:
// rules of accounts are in provider/account, those of the protocol in provider/authorize. It never touches a store or a key.
package web
