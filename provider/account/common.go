package account

// commonWords is sorted by bytes.
var commonWords = []string{
	"0123456789", "11223344", "123123123", "12341234", "12345678", "123456789", "1234567890", "123456789a", "1234qwer",
	"147258369", "1q2w3e4r", "1q2w3e4r5t", "1qaz2wsx", "87654321", "987654321", "9876543210", "a1b2c3d4", "abc12345",
	"abcd1234", "abcdefgh", "admin", "administrator", "arsenal", "asdfasdf", "asdfghjkl", "autumn", "azertyuiop",
	"barcelona", "baseball", "batman", "changeme", "charlie", "cheese", "chelsea", "computer", "contrasena", "contraseña",
	"cookie", "default", "dragon", "facebook", "ficken", "flower", "football", "freedom", "ginger", "google", "hallo",
	"hello", "hunter", "iloveyou", "internet", "jennifer", "jordan", "letmein", "linkedin", "liverpool", "login",
	"master", "michael", "michelle", "monkey", "motdepasse", "mypassword", "myspace1", "nothing", "p@ssw0rd", "p@ssword",
	"passpass", "passw0rd", "password", "password1", "passwort", "pokemon", "princess", "q1w2e3r4", "qwerty", "qwerty123",
	"qwertyuiop", "qwertz", "qwertzuiop", "samsung", "schatz", "secret", "senha", "shadow", "spring", "starwars",
	"summer", "sunshine", "superman", "test", "tester", "testtest", "thepassword", "trustno1", "wachtwoord", "welcome",
	"whatever", "winter", "zaq12wsx", "zxcvbnm",
}
