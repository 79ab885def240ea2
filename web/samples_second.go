package web

// sampleCodes are recovery codes of nobody.
func sampleCodes() []string {
	return []string{"K7QD-2MXA-5TLN-WFRC", "H3ZB-6YVE-PJQD-4GKS", "N5UA-RTXC-7MWL-2FQZ", "B6YD-KHVE-3SPJ-XQ7A", "W2GN-5CLT-ZFRU-M4XD",
		"Q7VK-AEHB-2YJS-6TPM", "D4XZ-LNRC-5WUF-G3QK", "S6TA-7BVH-JEPD-N2YM", "F5QL-XCKW-4RZU-T7GA", "Y3MN-DHSB-6VJE-P2QX"}
}
