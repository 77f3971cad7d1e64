// FakeBackend: a backend whose every move a test decides, for unit tests of what stands on
// walimpls.
//
//   FakeBackend backend;
//   std::unique_ptr<OpenerImpls> opener = backend.MakeOpener();
//   FakeLog& log = backend.log("orders");
//   log.HoldAppends();
//   ... appends stay outstanding ...
//   log.ReleaseAppends(1);  // The oldest is done.
//
// Without orders it is a well-behaved log in memory.  Every order keeps the contract of wal.h, but
// for those that say otherwise.  Conformance: fake_wal_test.cc.
#ifndef TIDELOG_WALIMPLS_TESTING_FAKE_WAL_H_
#define TIDELOG_WALIMPLS_TESTING_FAKE_WAL_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/container/btree_map.h"
#include "walimpls/opener.h"
#include "walimpls/testing/fake_log.h"  // IWYU pragma: export
#include "walimpls/wal.h"

namespace tidelog::walimpls {

// All channels.  Outlives its openers.
class FakeBackend {
 public:
  FakeBackend();

  // Any number; each as a process of its own.
  std::unique_ptr<OpenerImpls> MakeOpener();

  // Made if missing; not there for OpenReadOnly() until it was opened for writing.
  FakeLog& log(std::string_view name);

  // Of logs opened from now on.
  void set_traits(const Traits& traits) { traits_ = traits; }
  const Traits& traits() const { return traits_; }

 private:
  friend class FakeOpener;

  Traits traits_;
  absl::btree_map<std::string, std::unique_ptr<FakeLog>, std::less<>> logs_;
};

}  // namespace tidelog::walimpls

#endif  // TIDELOG_WALIMPLS_TESTING_FAKE_WAL_H_
