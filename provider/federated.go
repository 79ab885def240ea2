package provider

import (
	"context"

	"latchkey/provider/audit"
	"latchkey/provider/client"
	"latchkey/provider/serve"
	"latchkey/storage"
)

// clientFederated notes for whom another issuer vouched: of the client alone one could not tell which service account it was.
func (p *Provider) clientFederated(ctx context.Context, c storage.Client, id client.FederatedIdentity) {
	rec := serve.RecordOf(ctx)
	p.cfg.Audit.Record(ctx, audit.Event{Name: audit.ClientFederated, Time: p.cfg.Now(), ClientID: c.ID, Address: rec.Address, RequestID: rec.ID,
		Detail: id.Subject + " of " + id.Issuer})
}
