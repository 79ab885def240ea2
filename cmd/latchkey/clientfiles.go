package main

import (
	"latchkey/cmd/latchkey/config"
	"latchkey/provider/client"
)

// keep is how secrets of clients that stand in files are kept.
func (c *core) keep() config.Keep {
	return config.Keep{Hash: client.HashSecret, Seal: func(clientID, hash, secret string) ([]byte, error) {
		return client.SealSecret(c.rings, clientID, hash, secret)
	}}
}

// clientFolder is the folder of client files.
func (c *core) clientFolder() *config.Folder {
	return &config.Folder{Dir: c.cfg.ClientsDir, Keep: c.keep(), Served: c.cfg.Served(), Logger: c.log}
}
