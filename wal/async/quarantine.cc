#include "wal/async/quarantine.h"

#include <utility>

#include "absl/log/check.h"

namespace tidelog {

Quarantine::Ticket Quarantine::Admit(std::string_view what, std::shared_ptr<void> inmate) {
  absl::MutexLock lock(&mutex_);
  const Ticket ticket = next_++;
  inmates_.emplace(ticket, Inmate{std::string(what), std::move(inmate)});
  return ticket;
}

void Quarantine::Release(Ticket ticket) {
  std::shared_ptr<void> freed;  // Outside the lock: its destructor may be anything.
  {
    absl::MutexLock lock(&mutex_);
    const auto it = inmates_.find(ticket);
    CHECK(it != inmates_.end()) << "ticket " << ticket << " is not in quarantine";
    freed = std::move(it->second.object);
    inmates_.erase(it);
  }
}

size_t Quarantine::size() const {
  absl::MutexLock lock(&mutex_);
  return inmates_.size();
}

std::vector<std::string> Quarantine::Describe() const {
  absl::MutexLock lock(&mutex_);
  std::vector<std::string> all;
  all.reserve(inmates_.size());
  for (const auto& [ticket, inmate] : inmates_) all.push_back(inmate.what);
  return all;
}

}  // namespace tidelog
