package audit

// Names are all events, in the order in which they are declared: a counter of each can begin at zero, and none that is unknown needs a label.
func Names() []Name {
	return []Name{
		SignUp, SignIn, SignInFailed, SignOut, PasswordChanged, ResetRequested, PasswordReset, BreachUnchecked, EmailVerified, ProfileChanged, GroupsChanged, AccountDisabled, AccountEnabled,
		AccountDeleted, SessionsEnded, ConsentGiven, ConsentRemoved, DeviceAllowed, DeviceRefused, TokenIssued, TokenRevoked, CodeReplayed, RefreshReplayed,
		ClientAuthFailed, ClientBarred, ClientFederated, ClientChanged, RegTokenChanged, ForwardSignIn, ForwardSignOut, LogoutDelivered, LogoutGivenUp, KeyRotated, KeyRevoked, Throttled, BackupTaken,
		SecondFactor, SecondFactorFailed, FactorAdded, FactorRemoved, RecoveryCodesMade, FactorsReset, PasskeyAdded, PasskeyRemoved, PasskeyRenamed, PasskeyCounter,
		EmailChangeAsked, EmailChangeStopped, EmailChanged, EmailRestored, RecoveryBegun, RecoveryStopped, RecoveryDone, StoppedByMail, TermsAccepted, Invited, InviteAccepted, SetUp,
		BrowserForgotten, AppSignedOut, DataExported, DeletionPlanned, DeletionStopped,
	}
}
