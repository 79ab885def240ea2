package web

import (
	"fmt"
	"reflect"
	"time"
)

// Templates call methods of what they show: {{.T "key"}}, {{.Path "/login"}}. The engine knows no methods: one that finds them by their names at run time
// makes the linker keep every exported method of every type, an eighth of the binary (docs/adr/0022). So what can be called says so itself, by name, and
// templates are rewritten to ask it before they are escaped.

// verbs is what has methods for templates. verb is the method of that name as a function, nil where there is none.
type verbs interface{ verb(name string) any }

// verbFunc is the function that rewritten templates call. Operators cannot mean it by accident.
const verbFunc = "_verb"

// isVerb tells whether a name is one that some verbs know. Fields may bear such a name too.
func isVerb(name string) bool {
	switch name {
	case "T", "Path", "Has", "Moment", "Day", "Menu", "Where", "SignUpOpen", "ResetOpen", "MailSignInOpen", "RecoveryOpen", "HasMailbox", "HasDemo", "HasDev", "Copy",
		"On", "Query", "Link", "Described", "Failed", "Cancelled", "Purpose", "Token", "IsZero":
		return true
	}
	return false
}

func (f *frame) verb(name string) any {
	switch name {
	case "T":
		return f.T
	case "Path":
		return f.Path
	case "Has":
		return f.Has
	case "Moment":
		return f.Moment
	case "Day":
		return f.Day
	case "Menu":
		return f.Menu
	case "Where":
		return f.Where
	case "SignUpOpen":
		return f.SignUpOpen
	case "ResetOpen":
		return f.ResetOpen
	case "MailSignInOpen":
		return f.MailSignInOpen
	case "RecoveryOpen":
		return f.RecoveryOpen
	case "HasMailbox":
		return f.HasMailbox
	case "HasDemo":
		return f.HasDemo
	case "HasDev":
		return f.HasDev
	case "Copy":
		return f.Copy
	}
	return nil
}

func (v *stepView) verb(name string) any {
	if name == "Query" {
		return v.Query
	}
	return v.frame.verb(name)
}

func (v *enrolView) verb(name string) any {
	switch name {
	case "Query":
		return v.Query
	case "Link":
		return v.Link
	}
	return v.frame.verb(name)
}

func (v *appView) verb(name string) any {
	if name == "Link" {
		return v.Link
	}
	return v.frame.verb(name)
}

func (v *twoStepView) verb(name string) any {
	if name == "On" {
		return v.On
	}
	return v.frame.verb(name)
}

func (v *kitView) verb(name string) any {
	if name == "Link" {
		return v.Link
	}
	return v.frame.verb(name)
}

func (v *reauthView) verb(name string) any {
	if name == "Purpose" {
		return v.Purpose
	}
	return v.frame.verb(name)
}

func (v *demoView) verb(name string) any {
	if name == "Token" {
		return v.Token
	}
	return v.frame.verb(name)
}

func (p *passkeyForm) verb(name string) any {
	switch name {
	case "T":
		return p.T
	case "Path":
		return p.Path
	case "Failed":
		return p.Failed
	case "Cancelled":
		return p.Cancelled
	}
	return nil
}

func (d field) verb(name string) any {
	if name == "Described" {
		return d.Described
	}
	return nil
}

// callVerb is {{.name args}} of v: a method, or else a field.
func callVerb(v any, name string, args ...any) (any, error) {
	var f any
	switch v := v.(type) {
	case verbs:
		f = v.verb(name)
	case time.Time:
		if name == "IsZero" && len(args) == 0 {
			return v.IsZero(), nil
		}
	}
	if f == nil {
		one := reflect.Indirect(reflect.ValueOf(v))
		var is reflect.Value
		switch {
		case one.Kind() == reflect.Struct:
			is = one.FieldByName(name)
		case one.Kind() == reflect.Map && one.Type().Key().Kind() == reflect.String:
			is = one.MapIndex(reflect.ValueOf(name).Convert(one.Type().Key()))
		}
		if !is.IsValid() || !is.CanInterface() {
			return nil, fmt.Errorf("can't evaluate field %s in type %T", name, v)
		}
		f = is.Interface()
		if len(args) == 0 {
			return f, nil // a function too: {{call .T "key"}}
		}
		if is.Kind() != reflect.Func || is.IsNil() {
			return nil, fmt.Errorf("%s has arguments but is no function", name)
		}
	}
	switch f := f.(type) { // those that pages are full of
	case func(string, ...any) string:
		if key, ok := first(args); ok {
			return f(key, args[1:]...), nil
		}
	case func(string) string:
		if s, ok := first(args); ok && len(args) == 1 {
			return f(s), nil
		}
	}
	return call(name, reflect.ValueOf(f), args)
}

func first(args []any) (s string, ok bool) {
	if len(args) > 0 {
		s, ok = args[0].(string)
	}
	return s, ok
}

// call calls a function whose parameters must be just those, and whose only result is what it is for.
func call(name string, f reflect.Value, args []any) (any, error) {
	t := f.Type()
	if t.IsVariadic() || t.NumIn() != len(args) || t.NumOut() != 1 {
		return nil, fmt.Errorf("wrong number or kind of arguments for %s", name)
	}
	in := make([]reflect.Value, len(args))
	for i, a := range args {
		in[i] = reflect.ValueOf(a)
		if !in[i].IsValid() || !in[i].Type().AssignableTo(t.In(i)) {
			return nil, fmt.Errorf("wrong type of argument for %s; expected %s; found %T", name, t.In(i), a)
		}
	}
	return f.Call(in)[0].Interface(), nil
}
