package password

import "strings"

// everyday are the words that people take first: mostly shorter than what the list has. Digits and marks behind them help little.
var everyday = func() map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(everydayWords) {
		set[plainLetters(w)] = true
	}
	return set
}()

const everydayWords = `
abc abcd abcdef access admin administrator amanda amazon america amor amour andrew android angel anthony apple apples april arsenal asdfgh ashley august austin autumn
azerty baby banana barcelona baseball basketball batman bayern berlin bienvenue black blue boston buster butterfly canada changeme charlie cheese chelsea chicago chicken
chocolate cisco coffee company computer contrasena contraseña cookie cooper cowboys dallas daniel december default dezember diablo diamond dollar dragon eagle eagles
england facebook falcon februar february ferrari fire flower football forever france freedom friday frühling gandalf gateway geheim george germany ginger golden golf
google green guest hallo hammer harley heather hello herbst hockey honey hunter iloveyou internet iphone januar january jennifer jessica jordan joseph joshua juli july
june juni justin juventus killer king knight lakers letmein liebe linkedin linux lion liverpool login london love madrid march martin master matrix matthew may melissa
mercedes merlin michael michelle microsoft minecraft monday money monkey motdepasse mustang network nicole ninja nothing november october office oktober oracle orange
paris pass passw0rd password passwort patrick pepper phoenix please pokemon porsche prince princess purple qazwsx queen qwerty qwertz red richard robert root samsung
schatz scooter secret senha september server shadow silver soccer sommer spider spring starwars storm summer sunday sunny sunshine superman system tennis test tester
thomas thunder tiger toyota trustno1 user wachtwoord water welcome whatever white william willkommen windows winter wizard yamaha yankees yellow zxcvbnm
`
