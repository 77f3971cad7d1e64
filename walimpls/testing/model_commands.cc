#include "walimpls/testing/model_commands.h"

namespace tidelog::walimpls {

std::ostream& operator<<(std::ostream& out, const ModelCommand& command) {
  static constexpr const char* kNames[] = {
      "append", "append several", "fail appends", "scan",      "scan elsewhere",
      "follow", "read on",        "truncate",     "ask",       "reopen",
      "next",   "take over",      "open too low", "use stale", "close stale"};
  return out << kNames[static_cast<int>(command.kind)] << "(" << command.a << ", " << command.b
             << ")";
}

rc::Gen<ModelCommand> AnyModelCommand() {
  using Kind = ModelCommand::Kind;
  const auto kind = rc::gen::weightedElement<Kind>({{12, Kind::kAppend},
                                                    {4, Kind::kAppendSeveral},
                                                    {2, Kind::kFailAppends},
                                                    {8, Kind::kScan},
                                                    {3, Kind::kFollow},
                                                    {4, Kind::kScanElsewhere},
                                                    {5, Kind::kReadOn},
                                                    {3, Kind::kTruncate},
                                                    {3, Kind::kAsk},
                                                    {2, Kind::kReopen},
                                                    {2, Kind::kNextTerm},
                                                    {3, Kind::kTakeOver},
                                                    {2, Kind::kOpenTooLow},
                                                    {3, Kind::kUseStale},
                                                    {1, Kind::kCloseStale}});
  const auto amount = rc::gen::inRange<uint64_t>(0, 10000);
  return rc::gen::construct<ModelCommand>(kind, amount, amount);
}

}  // namespace tidelog::walimpls
