package main

import (
	"errors"
	"fmt"
	"net/http"

	"latchkey/provider/endpoint"
	"latchkey/web"
)

// devices shows the person's part of the device grant to the pages. It is set once the provider is assembled, which needs the pages first.
type devices struct{ approval *endpoint.DeviceApproval }

var _ web.Devices = (*devices)(nil)

// Look implements [web.Devices].
func (d *devices) Look(r *http.Request, userCode string) (web.Device, error) {
	q, err := d.approval.Look(r, userCode)
	if err != nil {
		return web.Device{}, noDevice(err)
	}
	return web.Device{Ticket: q.Ticket, Client: q.Client, Scopes: q.Scopes, Resources: q.Resources, AskedAt: q.AskedAt, Barred: q.Barred}, nil
}

// Decide implements [web.Devices].
func (d *devices) Decide(r *http.Request, ticket string, allow bool) error {
	return noDevice(d.approval.Decide(r, ticket, allow))
}

// noDevice puts the endpoint's word for it into the pages'.
func noDevice(err error) error {
	if errors.Is(err, endpoint.ErrNoDevice) {
		return fmt.Errorf("%w: %w", web.ErrNoDevice, err)
	}
	return err
}
