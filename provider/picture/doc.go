// Package picture decodes pictures of strangers within bounds and encodes their pixels anew, so that nothing else of what was sent lives on.
// It must not know whose picture it is, or where it came from.
//
// PNG (RFC 2083), JPEG (ITU-T T.81), WebP (RFC 9649), Exif 3.0.
package picture
