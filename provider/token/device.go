package token

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"latchkey/provider/oauth"
)

// DevicePrefix begins every device code.
const DevicePrefix = "lkd_"

const (
	devicePurpose = "device code"
	deviceRandom  = 32 // bytes
)

// ErrNotDevice is a device code that this service never made for that client.
var ErrNotDevice = errors.New("not a device code of ours")

// NewDeviceCode makes a device code of 256 random bits. It also holds when it expires, in seconds, and a MAC over all, bound to the client: so one that
// has expired is still known as such when nothing is stored of it any more (RFC 8628 §3.5).
func (i *Issuer) NewDeviceCode(clientID string, expires time.Time) string {
	body := make([]byte, deviceRandom, deviceRandom+8+32)
	rand.Read(body)
	body = binary.BigEndian.AppendUint64(body, uint64(expires.Unix()))
	mac := i.keys.MAC(devicePurpose, deviceData(body, clientID))
	return DevicePrefix + base64.RawURLEncoding.EncodeToString(append(body, mac[:]...))
}

// DeviceCodeExpiry reads when a device code of that client expires. Errors: ErrNotDevice.
func (i *Issuer) DeviceCodeExpiry(code, clientID string) (time.Time, error) {
	enc, ok := strings.CutPrefix(code, DevicePrefix)
	if !ok || len(enc) > 128 {
		return time.Time{}, ErrNotDevice
	}
	b, err := oauth.DecodeBase64(enc)
	if err != nil || len(b) != deviceRandom+8+32 {
		return time.Time{}, ErrNotDevice
	}
	body, mac := b[:deviceRandom+8], b[deviceRandom+8:]
	if !i.keys.VerifyMAC(devicePurpose, deviceData(body, clientID), mac) {
		return time.Time{}, ErrNotDevice
	}
	return time.Unix(int64(binary.BigEndian.Uint64(body[deviceRandom:])), 0), nil
}

func deviceData(body []byte, clientID string) []byte {
	return append(body[:len(body):len(body)], clientID...)
}

// HashDeviceCode is what the store knows of a device code.
func HashDeviceCode(code string) string { return hashed("device code", code) }

// HashUserCode is what the store knows of a user code in its normal form.
func HashUserCode(code string) string { return hashed("user code", code) }

func hashed(what, code string) string {
	sum := sha256.Sum256([]byte(what + ":" + code))
	return hex.EncodeToString(sum[:])
}
