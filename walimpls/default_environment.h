// The process's own environment, for those who bring none.
#ifndef TIDELOG_WALIMPLS_DEFAULT_ENVIRONMENT_H_
#define TIDELOG_WALIMPLS_DEFAULT_ENVIRONMENT_H_

#include "wal/environment.h"

namespace tidelog::walimpls {

// `environment` as OpenerBuilderImpls::Build() wants it: in the place of what is null the process's
// threads, its files, and an observer that logs.  These live as long as the program.  Safe from any
// thread.
Environment CompleteEnvironment(Environment environment);

}  // namespace tidelog::walimpls

#endif  // TIDELOG_WALIMPLS_DEFAULT_ENVIRONMENT_H_
