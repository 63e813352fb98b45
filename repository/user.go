package repository

// Role orders what a user may do. The zero Role is the least powerful.
type Role uint8

// The roles, from the weakest to the strongest.
const (
	RoleViewer Role = iota
	RoleModerator
	RoleAdmin
)

// User is a person or a program known to the stream.
type User struct {
	ID          string // unique among the users; never changes
	DisplayName string
	Role        Role
}
