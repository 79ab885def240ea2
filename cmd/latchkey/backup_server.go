package main

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	"latchkey/provider/admin"
	"latchkey/provider/audit"
	"latchkey/storage"
	"latchkey/storage/archive"
)

// backupRoute makes a backup and answers with it: encrypted, so that nothing that can be read goes through the socket, and never to a place of the
// caller's choice.
const backupRoute = "/v1/backup"

// withBackup adds the backup to the operators' API.
func withBackup(c *core, sink audit.Sink, api http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", api)
	mux.Handle("POST "+backupRoute, &backupHandler{core: c, sink: sink})
	return mux
}

// backupHandler makes one backup at a time.
type backupHandler struct {
	core *core
	sink audit.Sink
	mu   sync.Mutex
}

// ServeHTTP implements [http.Handler]. The backup is made and verified before a byte of it is sent, so that no slow reader holds the store.
func (h *backupHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !h.mu.TryLock() {
		answerFault(w, http.StatusServiceUnavailable, "unavailable", "another backup is being made; try again")
		return
	}
	defer h.mu.Unlock()
	log := h.core.log
	keys, err := backupKeys(h.core.cfg)
	if err != nil {
		answerFault(w, http.StatusBadRequest, "invalid", "the running server: "+err.Error())
		return
	}
	f, err := archive.Spool()
	if err != nil {
		log.ErrorContext(r.Context(), "backup failed", "error", err)
		answerFault(w, http.StatusInternalServerError, "internal", "it has nowhere to put the backup while it is made (TMPDIR): "+err.Error())
		return
	}
	defer func() { _ = f.Close() }()
	began := time.Now()
	info, err := makeBackup(h.core.cfg, keys, h.core.driver.store, time.Now)(r.Context(), f)
	if err != nil {
		log.ErrorContext(r.Context(), "backup failed", "error", err)
		status, code := http.StatusInternalServerError, "internal"
		if errors.Is(err, storage.ErrUnavailable) {
			status, code = http.StatusServiceUnavailable, "unavailable"
		}
		answerFault(w, status, code, "the backup failed: "+err.Error()) // whoever reads it is an operator
		return
	}
	h.sink.Record(r.Context(), audit.Event{Name: audit.BackupTaken, Time: time.Now(), Detail: strconv.FormatInt(info.Records.Records(), 10) + " records"})
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.FormatInt(info.Bytes, 10))
	w.Header().Set("Cache-Control", "no-store")
	if _, err := io.Copy(w, io.NewSectionReader(f, 0, info.Bytes)); err != nil {
		log.WarnContext(r.Context(), "backup was not taken away", "error", err)
		return
	}
	log.LogAttrs(r.Context(), slog.LevelInfo, "backup taken for a command", slog.Int64("bytes", info.Bytes), slog.Int64("records", info.Records.Records()),
		slog.Duration("took", time.Since(began)))
}

func answerFault(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(admin.Fault{Code: code, Message: message})
}
