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

// served is what clients that operators make at run time can choose from: of response types those that discovery lists, which are on for all or
// for a client of the files.
func (c *core) served() client.Served {
	s := c.cfg.Served()
	s.ResponseTypes = c.cfg.Authorization.ResponseTypes
	for _, declared := range c.registry.Declared() {
		if !declared.Disabled {
			s.ResponseTypes = append(s.ResponseTypes[:len(s.ResponseTypes):len(s.ResponseTypes)], declared.ResponseTypes...)
		}
	}
	return s
}

// clientFolder is the folder of client files.
func (c *core) clientFolder() *config.Folder {
	folder := c.cfg.Folder(c.keep())
	folder.Logger = c.log
	return folder
}
