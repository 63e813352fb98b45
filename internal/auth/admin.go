package auth

import "github.com/owncast-go/owncast/repository"

// AdminCredentials are the credentials of the administrator.
type AdminCredentials struct {
	// PasswordHash is a hash by [Hasher.HashPassword], or a bcrypt hash that
	// was imported from an Owncast server. If it is empty, there is no
	// administrator.
	PasswordHash string `json:"passwordHash"`
}

// Admin returns the section of the settings that holds the administrator's
// credentials. By default there is no administrator.
func Admin() repository.Setting[AdminCredentials] {
	return repository.Setting[AdminCredentials]{
		Section: "admin",
		Validate: func(c *AdminCredentials) error {
			if c.PasswordHash == "" {
				return nil
			}
			return CheckPasswordHash(c.PasswordHash)
		},
	}
}
