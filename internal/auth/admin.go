package auth

import "github.com/owncast-go/owncast/repository"

// AdminCredentials are how an administrator is known.
type AdminCredentials struct {
	// PasswordHash is from [Hasher.HashPassword], or one of bcrypt that was
	// imported from another server. If it is empty there is no administrator.
	PasswordHash string `json:"passwordHash"`
}

// Admin returns the section of the settings that holds the administrator's
// credentials. The default is that there is no administrator.
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
