#include "wal/base/mutant.h"

namespace tidelog {

#ifdef TIDELOG_MUTANTS
namespace {
Mutant switched_on = Mutant::kNone;
}  // namespace

void SetMutant(Mutant mutant) { switched_on = mutant; }

bool MutantIs(Mutant mutant) { return switched_on == mutant; }
#else
static_assert(!MutantIs(Mutant::kNone), "a normal build has no mutants");
#endif

}  // namespace tidelog
