package bolt

import "go.etcd.io/bbolt"

// fillPercent is how full a page stays that is split. Where rows come in the order of their keys nothing is put into it any more, so that half of it would
// be empty for good. A grant grows by a seventh when its code is redeemed; entries of indexes do not grow.
func (tb table) fillPercent() float64 {
	switch tb {
	case tGrants, tAccounts:
		return 0.8
	case tGrantsBy, tExpiry:
		return 0.9
	}
	return bbolt.DefaultFillPercent
}
