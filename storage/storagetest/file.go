package storagetest

import (
	"testing"
	"time"

	"latchkey/storage"
)

func fileChecks() []check {
	return []check{
		{"PutFile stores, describes and replaces", putFile},
		{"DeleteFile unsets", deleteFile},
		{"unknown accounts, files and kinds", fileNotFound},
		{"contents are copies", fileCopies},
	}
}

func info(id string) storage.FileInfo {
	return storage.FileInfo{ID: id, Filename: id + ".pdf", ContentType: "application/pdf", Size: 3, UploadedAt: at(0)}
}

func putFile(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	must(t, s.PutFile(bg(), a.ID, storage.FileResume, info("one"), []byte("one"), at(1)))
	must(t, s.PutFile(bg(), a.ID, storage.FilePicture, info("pic"), []byte{0, 255}, at(2)))
	big := make([]byte, 300_000)
	big[299_999] = 1
	must(t, s.PutFile(bg(), a.ID, storage.FileResume, info("two"), big, at(3)))

	want := a
	want.Resume, want.Picture = ptr(info("two")), ptr(info("pic"))
	want.UpdatedAt, want.Version = at(3), a.Version+3
	eq(t, "account", got(s.Account(bg(), storage.AccountKey{ID: a.ID}))(t), want)
	i, content, err := s.File(bg(), a.ID, storage.FileResume)
	must(t, err)
	eq(t, "info", i, info("two"))
	eq(t, "content", content, big)
	i, kind, content, err := s.FileByID(bg(), "pic")
	must(t, err)
	eq(t, "info by ID", i, info("pic"))
	eq(t, "kind", kind, storage.FilePicture)
	eq(t, "content by ID", content, []byte{0, 255})
	_, _, _, err = s.FileByID(bg(), "one")
	is(t, "replaced file", err, storage.ErrNotFound)
	_, err = s.ReplaceAccount(bg(), a, storage.Effects{}, at(4))
	is(t, "account as it was before the file", err, storage.ErrConflict)
	b := create(t, s, "b")
	is(t, "ID of another's file", s.PutFile(bg(), b.ID, storage.FilePicture, info("pic"), nil, at(5)), storage.ErrExists)
}

func deleteFile(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	must(t, s.PutFile(bg(), a.ID, storage.FileResume, info("r"), nil, at(1)))
	must(t, s.PutFile(bg(), a.ID, storage.FilePicture, info("p"), nil, at(2)))
	must(t, s.DeleteFile(bg(), a.ID, storage.FilePicture, at(3)))
	want := a
	want.Resume, want.UpdatedAt, want.Version = ptr(info("r")), at(3), a.Version+3
	eq(t, "account", got(s.Account(bg(), storage.AccountKey{ID: a.ID}))(t), want)
	_, _, err := s.File(bg(), a.ID, storage.FilePicture)
	is(t, "File", err, storage.ErrNotFound)
	_, _, _, err = s.FileByID(bg(), "p")
	is(t, "FileByID", err, storage.ErrNotFound)
	is(t, "again", s.DeleteFile(bg(), a.ID, storage.FilePicture, at(3)), storage.ErrNotFound)
	_, content, err := s.File(bg(), a.ID, storage.FileResume)
	must(t, err)
	eq(t, "the other file", content, nil)
}

func fileNotFound(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	before := look(t, s, nil, nil)
	is(t, "PutFile, account", s.PutFile(bg(), a.ID+1, storage.FileResume, info("x"), nil, at(0)), storage.ErrNotFound)
	is(t, "PutFile, kind", s.PutFile(bg(), a.ID, "other", info("x"), nil, at(0)), storage.ErrNotFound)
	is(t, "DeleteFile, account", s.DeleteFile(bg(), a.ID+1, storage.FileResume, at(0)), storage.ErrNotFound)
	is(t, "DeleteFile, file", s.DeleteFile(bg(), a.ID, storage.FileResume, at(0)), storage.ErrNotFound)
	_, _, err := s.File(bg(), a.ID+1, storage.FileResume)
	is(t, "File, account", err, storage.ErrNotFound)
	_, _, err = s.File(bg(), a.ID, storage.FileResume)
	is(t, "File, file", err, storage.ErrNotFound)
	_, _, _, err = s.FileByID(bg(), "")
	is(t, "FileByID", err, storage.ErrNotFound)
	eq(t, "after refusals", look(t, s, nil, nil), before)
}

func fileCopies(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	content := []byte("good")
	must(t, s.PutFile(bg(), a.ID, storage.FileResume, info("r"), content, at(time.Second)))
	content[0] = 'f'
	_, content, err := s.File(bg(), a.ID, storage.FileResume)
	must(t, err)
	content[0] = 'w'
	_, _, content, err = s.FileByID(bg(), "r")
	must(t, err)
	eq(t, "content", string(content), "good")
}
