package main

// chainFinder collects the import chains that end in one package.
type chainFinder struct {
	imports map[string][]string
	to      string
	chains  [][]string
}

// Chains returns every chain of imports from one package to another.
func Chains(imports map[string][]string, from, to string) [][]string {
	finder := &chainFinder{imports: imports, to: to}
	finder.follow([]string{from})
	return finder.chains
}

// follow extends a chain in all possible ways.
func (f *chainFinder) follow(chain []string) {
	last := chain[len(chain)-1]
	if last == f.to {
		f.chains = append(f.chains, chain)
		return
	}
	for _, next := range f.imports[last] {
		if !contains(chain, next) {
			f.follow(append(chain, next))
		}
	}
}

func contains(chain []string, name string) bool {
	for _, visited := range chain {
		if visited == name {
			return true
		}
	}
	return false
}
