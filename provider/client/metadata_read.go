package client

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"latchkey/storage"
)

// ReadMetadata puts m into c, and says what of it cannot be had. Where whole is set, members that m lacks are put back to their defaults, as far as
// who may set them; else they stay. A value that asks for nothing (null, "", false, an empty list) is as if the member were not there
// (RFC 7592 §2.2), but for an operator's where that would be the opposite of what it looks like ([EmptyMember]); of one member alone, null takes it away.
func ReadMetadata(c *storage.Client, m Metadata, who Who, whole bool) (faults []Fault) {
	table := members()
	c.Localized = maps.Clone(c.Localized)
	if whole {
		c.Localized = nil
		for _, row := range table {
			row.reset(c, who)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		row, known := find(table, name)
		if !known {
			continue // RFC 7591 §2: not understood, so not registered
		}
		_, tag, tagged := strings.Cut(name, "#")
		v := m[name]
		var problem error
		switch {
		case !asks(v) && row.empty != "" && who == Operator && (whole || v != nil):
			problem = errors.New(row.empty) // it would open what it looks like closing
		case !asks(v) && tagged:
			delete(c.Localized, name)
		case !asks(v):
			row.reset(c, who)
		case row.refused != "":
			problem = errors.New(row.refused)
		case row.operator && who != Operator:
			problem = errors.New("is for the operator to set")
		case tagged:
			problem = readLocalized(c, name, tag, v)
		default:
			problem = row.read(c, v)
		}
		if problem != nil {
			faults = append(faults, Fault{Field: name, Problem: problem.Error()})
		}
	}
	return faults
}

// find finds the row of a member, whatever its language.
func find(table []member, name string) (member, bool) {
	base, _, tagged := strings.Cut(name, "#")
	at := slices.IndexFunc(table, func(row member) bool { return row.name == base && (row.localized || !tagged) })
	if at < 0 {
		return member{}, false
	}
	return table[at], true
}

// reset puts the member back as if it had not been given, if who may set it.
func (row member) reset(c *storage.Client, who Who) {
	if row.clear != nil && (who == Operator || !row.operator) {
		row.clear(c)
	}
}

// WriteMetadata gives the client's members: for a registrant without those that are the operator's.
func WriteMetadata(c storage.Client, who Who) Metadata {
	m := Metadata{}
	for _, row := range members() {
		if row.write == nil || row.operator && who != Operator {
			continue
		}
		if v := row.write(c); v != nil {
			m[row.name] = v
		}
	}
	for name, v := range c.Localized {
		m[name] = v
	}
	return m
}

// MetadataNames lists the members that can be set by who, in the table's order.
func MetadataNames(who Who) (names []string) {
	for _, row := range members() {
		if row.read != nil && row.refused == "" && (who == Operator || !row.operator) {
			names = append(names, row.name)
		}
	}
	return names
}

// UnknownMetadata lists the members of m that are in no row of the table, in order: what [ReadMetadata] leaves out.
func UnknownMetadata(m Metadata) (names []string) {
	table := members()
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if _, known := find(table, name); !known {
			names = append(names, name)
		}
	}
	return names
}
