// walctl txn.
#ifndef TIDELOG_TOOLS_WALCTL_TXN_H_
#define TIDELOG_TOOLS_WALCTL_TXN_H_

#include <string>
#include <vector>

#include "tools/walctl/exit_code.h"
#include "tools/walctl/session.h"

namespace tidelog::walctl {

struct TxnFlags {
  WriteFlags write;
  std::vector<std::string> files;  // The script.
  std::string vchannel;
  std::string lease = "10s";  // Of each transaction.
  // What is open when the script ends is not rolled back: its lease ends it.
  bool leave_open = false;
};

// Takes the steps of a script, one after the other, each durable before the next (txn_script.h).
// The first that fails ends it.
ExitCode RunTxn(const LogFlags& log_flags, const TxnFlags& flags);

}  // namespace tidelog::walctl

#endif  // TIDELOG_TOOLS_WALCTL_TXN_H_
