package account

import "latchkey/storage"

// DoorSecond is for codes of second factors.
const DoorSecond Door = "second"

// passwordLimits are the budgets of a password. A known browser has its own: strangers' failures do not keep the owner out, and whoever guesses from there
// gets as few guesses.
func (s *Service) passwordLimits(c Caller, who string, device knownDevice) []storage.Limit {
	if device.known() {
		return s.deviceLimits(DoorSignIn, device)
	}
	return s.failureLimits(DoorSignIn, c, who)
}

// secondLimits are the budgets of codes. Only who knows the first factor gets here; so the account's budget is small, and one of a day stands behind it: a
// code has six digits.
func (s *Service) secondLimits(c Caller, accountID int64, device knownDevice) []storage.Limit {
	if device.known() { // a copy of its cookie, with the password, must not guess for ever either
		return append(s.deviceLimits(DoorSecond, device), s.config.Limits.SecondDay.limit("day.device."+string(DoorSecond), device.key.Hash[:32]))
	}
	who := accountName(accountID)
	limits := s.failureLimits(DoorSecond, c, who)
	limits[1] = s.config.Limits.Second.limit("acct."+string(DoorSecond), digest(who)[:32])
	return append(limits, s.config.Limits.SecondDay.limit("day."+string(DoorSecond), digest(who)[:32]))
}

func (s *Service) deviceLimits(door Door, device knownDevice) []storage.Limit {
	return []storage.Limit{s.config.Limits.Pair.limit("device."+string(door), device.key.Hash[:32])}
}
