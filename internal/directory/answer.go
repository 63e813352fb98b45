package directory

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

const (
	maxKey  = 1000 // bytes
	maxText = 200  // bytes of what the directory says, in an error
)

// answer reads that of the directory, and returns the key of the server.
func answer(res *http.Response) (key string, err error) {
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return "", err
	}
	var a struct {
		Key       string `json:"key"`
		Success   bool   `json:"success"`
		Error     string `json:"error"`
		ErrorCode int    `json:"errorCode"`
	}
	jsonErr := json.Unmarshal(body, &a)
	switch {
	case res.StatusCode/100 != 2:
		return "", fmt.Errorf("answered with %d %s: %s", res.StatusCode, http.StatusText(res.StatusCode), a.Error[:min(len(a.Error), maxText)])
	case jsonErr != nil:
		return "", errors.New("the answer is none of a directory")
	case !a.Success:
		return "", fmt.Errorf("refused with code %d: %s", a.ErrorCode, a.Error[:min(len(a.Error), maxText)])
	case len(a.Key) > maxKey:
		return "", errors.New("the key is too long")
	}
	return a.Key, nil
}
