#include "sim/model/wal_command.h"

namespace tidelog::sim {

std::ostream& operator<<(std::ostream& out, const WalCommand& command) {
  static constexpr const char* kNames[] = {
      "append",    "append several",   "batch",     "drop append", "scan",        "scan elsewhere",
      "follow",    "follow elsewhere", "read on",   "resume",      "truncate",    "above tail",
      "ask",       "advance",          "reopen",    "next term",   "close under", "take over",
      "drop open", "open too low",     "use stale", "close stale", "register",    "unregister"};
  return out << kNames[static_cast<int>(command.kind)] << "(" << command.a << ", " << command.b
             << ")";
}

rc::Gen<WalCommand> AnyWalCommand() {
  using Kind = WalCommand::Kind;
  const auto kind = rc::gen::weightedElement<Kind>(
      {{12, Kind::kAppend},    {4, Kind::kAppendSeveral},   {5, Kind::kBatch},
       {2, Kind::kDropAppend}, {10, Kind::kScan},           {4, Kind::kScanElsewhere},
       {4, Kind::kFollow},     {2, Kind::kFollowElsewhere}, {5, Kind::kReadOn},
       {3, Kind::kResume},     {4, Kind::kTruncate},        {1, Kind::kAboveTail},
       {3, Kind::kAsk},        {3, Kind::kAdvance},         {2, Kind::kReopen},
       {2, Kind::kNextTerm},   {2, Kind::kCloseUnder},      {3, Kind::kTakeOver},
       {1, Kind::kDropOpen},   {1, Kind::kOpenTooLow},      {3, Kind::kUseStale},
       {1, Kind::kCloseStale}, {5, Kind::kRegister},        {2, Kind::kUnregister}});
  const auto amount = rc::gen::inRange<uint64_t>(0, 10000);
  return rc::gen::construct<WalCommand>(kind, amount, amount);
}

}  // namespace tidelog::sim
