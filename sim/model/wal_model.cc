#include "sim/model/wal_model.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tidelog::sim {
namespace {

std::string TextOf(const WalModel::Message& message) {
  return absl::StrCat(message.payload.substr(0, message.payload.find('.')), " of ",
                      message.vchannel.empty() ? "all" : message.vchannel, ", a ",
                      MessageTypeName(message.type), " of term ", ToInt(message.term), ", ",
                      message.id.ToString(), ", ", message.position().ToString());
}

}  // namespace

std::string TextOf(const std::optional<Position>& position) {
  return position ? position->ToString() : "none";
}

bool WalModel::Question::Passes(const Message& message) const {
  if (message.tick <= after || (until && message.tick > *until)) return false;
  if (!vchannel.empty() && !message.vchannel.empty() && message.vchannel != vchannel) return false;
  return types.empty() || std::find(types.begin(), types.end(), message.type) != types.end();
}

std::vector<WalModel::Message> WalModel::Answer(const Question& question) const {
  std::vector<Message> answer;
  for (const Message& message : messages) {
    if (question.Passes(message)) answer.push_back(message);
  }
  return answer;
}

TimeTick WalModel::HeldBack(TimeTick tick) const {
  for (const auto& [name, checkpoint] : checkpoints) {
    tick = std::min(tick, checkpoint.position.time_tick);
  }
  return tick;
}

std::string WalModel::Append(Message message) {
  if (BeforeWithinLog(message.id, message.last_confirmed)) return "last-confirmed is above the id";
  if (!messages.empty()) {
    const Message& last = messages.back();
    if (message.tick <= last.tick) return "a tick went back";
    if (!BeforeWithinLog(last.id, message.id)) return "an id went back";
    const bool same_term = message.term == last.term;
    if (same_term && BeforeWithinLog(message.last_confirmed, last.last_confirmed)) {
      return "last-confirmed went back";
    }
  }
  messages.push_back(std::move(message));
  return "";
}

std::string WalModel::CheckScan(const Question& question, Gone gone, const Seen& seen) const {
  const bool is_gone = seen.end == WalErrorCode::kPositionGone;
  if (seen.end != WalErrorCode::kOk && !is_gone) {
    return absl::StrCat("a scan ended with ", WalErrorCodeName(seen.end));
  }
  if (is_gone && gone == Gone::kNever) return "what is kept is said to be gone";
  if (!is_gone && gone == Gone::kMust) return "what was forgotten is not said to be gone";
  const bool is_mark =
      seen.oldest && std::find(marks.begin(), marks.end(), *seen.oldest) != marks.end();
  if (is_gone && !is_mark) return "what a scan says is the oldest was never the mark";
  const std::vector<Message> answer = Answer(question);
  const bool is_short = seen.messages.size() < answer.size();
  if (seen.messages.size() > answer.size() || (is_short && !is_gone)) {
    return absl::StrCat("a scan delivered ", seen.messages.size(), " messages of ", answer.size());
  }
  for (size_t i = 0; i < seen.messages.size(); ++i) {
    if (seen.messages[i] == answer[i]) continue;
    return absl::StrCat("in place of ", TextOf(answer[i]), ", a scan delivered ",
                        TextOf(seen.messages[i]));
  }
  return "";
}

}  // namespace tidelog::sim
