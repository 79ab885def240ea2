package transfer

import (
	"maps"
	"slices"
)

func (c *coder) strs(name string, p *[]string) {
	if !c.member(name, len(*p) == 0) {
		return
	}
	c.array(len(*p), func(i int) {
		if c.reading {
			*p = append(*p, "")
		}
		c.text(&(*p)[i])
	})
}

// dict walks over a map, in the order of its keys, as an array of pairs.
func (c *coder) dict(name string, p *map[string]string) {
	if !c.member(name, len(*p) == 0) {
		return
	}
	keys := slices.Sorted(maps.Keys(*p))
	c.array(len(keys), func(i int) {
		var pair [2]string
		if !c.reading {
			pair = [2]string{keys[i], (*p)[keys[i]]}
		} else if *p == nil {
			*p = make(map[string]string)
		}
		c.array(2, func(i int) {
			if i > 1 {
				c.fail()
				return
			}
			c.text(&pair[i])
		})
		if c.reading {
			(*p)[pair[0]] = pair[1]
		}
	})
}

// list walks over the elements of a slice.
func list[T any](c *coder, name string, p *[]T, walk func(*coder, *T)) {
	if !c.member(name, len(*p) == 0) {
		return
	}
	c.array(len(*p), func(i int) {
		if c.reading {
			*p = append(*p, *new(T))
		}
		c.object(func() { walk(c, &(*p)[i]) })
	})
}

// opt walks over a record that may be absent.
func opt[T any](c *coder, name string, p **T, walk func(*coder, *T)) {
	if !c.member(name, *p == nil) {
		return
	}
	if c.reading {
		*p = new(T)
	}
	c.object(func() { walk(c, *p) })
}
