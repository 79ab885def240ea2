package watch_test

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"latchkey/storage"
	"latchkey/storage/memory"
	"latchkey/storage/storagetest"
	"latchkey/storage/watch"
)

func silent(ctx context.Context, _ string) (context.Context, func(error)) { return ctx, func(error) {} }

func TestContractHoldsThroughTheWrapper(t *testing.T) {
	storagetest.Run(t, func(t *testing.T) storage.Store {
		s := watch.Wrap(memory.New(), silent)
		t.Cleanup(func() { _ = s.Close() })
		return s
	})
}

// TestEveryVerbIsTold calls every method of the interface, so that a verb that is added cannot be forgotten.
func TestEveryVerbIsTold(t *testing.T) {
	over, cancel := context.WithCancel(context.Background())
	cancel()
	var begun []string
	var ended []error
	s := reflect.ValueOf(watch.Wrap(memory.New(), func(_ context.Context, verb string) (context.Context, func(error)) {
		begun = append(begun, verb)
		return over, func(err error) { ended = append(ended, err) } // a context that is over: the verb must get this one
	}))
	store := reflect.TypeFor[storage.Store]()
	for i := range store.NumMethod() {
		m := store.Method(i)
		if m.Name == "Close" {
			continue
		}
		begun, ended = nil, nil
		args := []reflect.Value{reflect.ValueOf(context.Background())}
		for p := 1; p < m.Type.NumIn(); p++ {
			args = append(args, reflect.Zero(m.Type.In(p)))
		}
		if m.Name == "Sweep" {
			args[1] = reflect.ValueOf(1)
		}
		out := s.MethodByName(m.Name).Call(args)
		err, _ := out[len(out)-1].Interface().(error)
		if len(begun) != 1 || begun[0] != m.Name || len(ended) != 1 || !errors.Is(err, context.Canceled) || !errors.Is(ended[0], err) {
			t.Errorf("%s: begun %v, ended %v, returned %v", m.Name, begun, ended, err)
		}
	}
}
