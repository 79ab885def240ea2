// Package accountapi is the JSON faces of the account service: four API descriptions, one file each, with their routes, field names,
// messages and token lifetimes. A face reads the request strictly, calls one verb of [account.Verbs], and words what comes of it.
//
// It must not hold a rule of its own (who may, how long, how often), sign or store anything, or know pages.
//
// contracts: the account API. RFC 8259 (JSON), RFC 6750 §3, RFC 7578 (multipart), RFC 6266 (Content-Disposition), RFC 9110 §15.
package accountapi
