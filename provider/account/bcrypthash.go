package account

import (
	"context"

	"golang.org/x/crypto/bcrypt"
)

// bcryptShape is what is taken of bcrypt: hashes that came with accounts of another system, of a cost that a server has time for. $2a$, $2b$ and $2y$ are
// the same for passwords without a NUL; $2x$ is the name of a fault.
var bcryptShape = shape(`^\$2[aby]\$(0[4-9]|1[0-4])\$[./A-Za-z0-9]{53}$`)

func isBcrypt(encoded string) bool { return bcryptShape().MatchString(encoded) }

// IsPasswordHash says whether an account can have s as its hash: an argon2id encoding as [IsHash] has it, or bcrypt of a cost up to 14.
func IsPasswordHash(s string) bool { return isBcrypt(s) || IsHash(s) }

// verifyBcrypt compares by the same workers. It is always stale: the next thing is a hash with the parameters in force.
func (p *hashPool) verifyBcrypt(ctx context.Context, encoded string, password []byte) (ok, stale bool, err error) {
	same, err := p.run(ctx, &hashJob{password: password, bcrypt: []byte(encoded)})
	return len(same) > 0, true, err
}

// compareBcrypt is what a worker does; anything is yes, nothing is no. Of a password bcrypt knows 72 bytes.
func compareBcrypt(encoded, password []byte) []byte {
	if bcrypt.CompareHashAndPassword(encoded, password) != nil {
		return nil
	}
	return []byte{1}
}
