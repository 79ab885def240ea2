package account

import (
	"context"
	"errors"
	"time"

	"latchkey/provider/picture"
)

// Pictures is the one place where pictures of strangers are decoded, for whoever else must: its slots are the bound of their memory.
func (s *Service) Pictures() *picture.Cleaner { return s.pictures }

// cleanPicture decodes a picture within the caps and encodes its pixels anew.
func (s *Service) cleanPicture(ctx context.Context, content []byte) (picture.Picture, error) {
	c := s.config
	clean, err := s.pictures.Clean(ctx, content, picture.Limits{MaxSide: c.MaxPictureSide, MaxPixels: c.MaxPicturePixels, Side: c.PictureSide, Wait: c.Hash.MaxWait})
	switch {
	case errors.Is(err, picture.ErrFormat):
		return picture.Picture{}, invalid(FieldPicture, WrongType)
	case errors.Is(err, picture.ErrTooLarge):
		return picture.Picture{}, invalid(FieldPicture, TooLarge)
	case errors.Is(err, picture.ErrBusy):
		return picture.Picture{}, &Refusal{Kind: Busy, RetryAfter: time.Second}
	}
	return clean, err
}
