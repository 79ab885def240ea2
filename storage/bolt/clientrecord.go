package bolt

import "latchkey/storage"

func walkClient(c *coder, k *storage.Client) {
	for _, p := range []*string{
		&k.ID, &k.Name, &k.URI, &k.LogoURI, &k.PolicyURI, &k.TOSURI, &k.ApplicationType, &k.AuthMethod, &k.DefaultAudience, &k.IDTokenAlg, &k.AccessTokenAlg,
	} {
		c.str(p)
	}
	for _, p := range []*[]string{
		&k.Contacts, &k.RedirectURIs, &k.PostLogoutRedirectURIs, &k.GrantTypes, &k.ResponseTypes, &k.ResponseModes, &k.Scopes, &k.Audiences,
	} {
		c.strs(p)
	}
	list(c, &k.Secrets, walkClientSecret)
	c.bool(&k.PKCEExempt)
	c.bool(&k.SkipConsent)
	c.bool(&k.AccountClaims)
	c.dur(&k.AccessTokenTTL)
	c.dur(&k.IDTokenTTL)
	c.dur(&k.RefreshTokenTTL)
	c.bool(&k.Disabled)
	c.time(&k.CreatedAt)
	c.time(&k.UpdatedAt)
	c.int(&k.Version)
	walkClient2(c, k)
}

// walkClient2 is what schema 2 added, and later ones.
func walkClient2(c *coder, k *storage.Client) {
	c.dict(&k.Localized)
	c.str(&k.AuthAlg)
	c.bytes(&k.JWKS)
	for _, p := range []*string{
		&k.JWKSURI, &k.UserinfoAlg, &k.IntrospectionAlg, &k.RequestObjectAlg, &k.SubjectType, &k.SectorIdentifierURI, &k.Sector,
		&k.InitiateLoginURI, &k.FrontchannelLogoutURI, &k.BackchannelLogoutURI, &k.SoftwareID, &k.SoftwareVersion, &k.RegisteredWith,
		&k.RegistrationHash,
	} {
		c.str(p)
	}
	for _, p := range []*[]string{&k.RequestURIs, &k.DefaultACRValues, &k.AllowedOrigins} {
		c.strs(p)
	}
	for _, p := range []*bool{
		&k.OpaqueAccessTokens, &k.RequirePAR, &k.RequireSignedRequest, &k.HasDefaultMaxAge, &k.RequireAuthTime,
		&k.FrontchannelLogoutSessionRequired, &k.BackchannelLogoutSessionRequired, &k.Registered,
	} {
		c.bool(p)
	}
	c.dur(&k.DefaultMaxAge)
	c.time(&k.ExpiresAt)
	// Schema 3.
	c.strs(&k.AllowedGroups)
	c.strs(&k.GroupsFilter)
	c.bool(&k.GroupsInAccessToken)
	c.bool(&k.Declared)
	c.bytes(&k.Federated)
	c.bytes(&k.Forward)
	c.bool(&k.SecondFactor) // schema 4
}

func walkClientSecret(c *coder, s *storage.ClientSecret) {
	c.str(&s.ID)
	c.str(&s.Hash)
	c.time(&s.CreatedAt)
	c.time(&s.ExpiresAt)
	c.bytes(&s.Sealed) // schema 2
}

func walkRegistration(c *coder, r *storage.RegistrationToken) {
	c.str(&r.ID)
	c.str(&r.Hash)
	c.str(&r.Name)
	c.small(&r.Uses)
	c.small(&r.MaxUses)
	c.bool(&r.PKCEExempt)
	c.time(&r.CreatedAt)
	c.time(&r.ExpiresAt)
}
