// The contract of walimpls as tests, one a sentence, that every backend runs.
//
// A backend's conformance_test.cc says how to make its storage, and links :conformance:
//
//   INSTANTIATE_TEST_SUITE_P(Memory, WalImplsConformance,
//                            ::testing::Values(BackendParam{"memory", &MakeMemoryBackend}),
//                            BackendParam::NameOf);
//
// The tests touch nothing but the interfaces, run on any Runtime and wait for events, never for
// time.  Under a TestRuntime each race is run for many seeds.
#ifndef TIDELOG_WALIMPLS_TESTING_CONFORMANCE_H_
#define TIDELOG_WALIMPLS_TESTING_CONFORMANCE_H_

#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "wal/async/executor.h"
#include "wal/async/runtime.h"
#include "walimpls/opener.h"

namespace tidelog::walimpls {

// The storage of a backend, empty when made, and what runs it.  Outlives its openers.
class Backend {
 public:
  virtual ~Backend() = default;

  // A TestRuntime, a ThreadRuntime or the simulator's.
  virtual Runtime* runtime() = 0;

  // An opener of the storage.  Several live at once, each as a process of its own would.
  virtual std::unique_ptr<OpenerImpls> MakeOpener() = 0;

  // False: a clean close leaves no mark, and no term is ever opened twice (A2).
  virtual bool leaves_clean_mark() const { return true; }

  // From now on each group that is handed to storage ends not done, after a while, and nothing else
  // goes wrong; until StopFailing().  False: this storage cannot be made to fail.
  virtual bool StartFailing() { return false; }
  virtual void StopFailing() {}
};

struct BackendParam {
  std::string name;  // A word for the names of tests.
  std::unique_ptr<Backend> (*make)(uint64_t seed) = nullptr;
  // How often a race is run, with seeds from 1.  1 where the seed decides nothing.
  uint64_t seed_count = 20;

  static std::string NameOf(const ::testing::TestParamInfo<BackendParam>& info) {
    return info.param.name;
  }
  friend void PrintTo(const BackendParam& param, std::ostream* out) { *out << param.name; }
};

// One storage, an opener of it, and strands.
class WalImplsConformance : public ::testing::TestWithParam<BackendParam> {
 protected:
  WalImplsConformance();
  ~WalImplsConformance() override;

  // Begins again with empty storage, for a race under another seed.  Requires: what was opened is
  // closed.
  void Restart(uint64_t seed);

  Backend& backend() { return *backend_; }
  OpenerImpls* opener() { return openers_.front().get(); }
  // Another opener of the same storage, as a second process would have.
  OpenerImpls* MakeOpener();
  // A strand of its own, which lives as long as the storage.
  Executor* MakeStrand(std::string_view name);

 private:
  void Start(uint64_t seed);
  void Stop();

  std::unique_ptr<Backend> backend_;
  std::vector<std::unique_ptr<Executor>> strands_;
  std::vector<std::unique_ptr<OpenerImpls>> openers_;
};

}  // namespace tidelog::walimpls

#endif  // TIDELOG_WALIMPLS_TESTING_CONFORMANCE_H_
