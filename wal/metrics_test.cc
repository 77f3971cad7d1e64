#include "wal/metrics.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tidelog {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

class Source : public MetricSource {
 public:
  Source(std::string channel, double value) : channel_(std::move(channel)), value_(value) {}
  void Collect(std::vector<Metric>* metrics) const override {
    for (const char* name : {"tidelog_b", "tidelog_a"}) {
      Metric metric;
      metric.name = name;
      metric.labels = {{"channel", channel_}};
      metric.value = value_;
      metrics->push_back(std::move(metric));
    }
  }

 private:
  const std::string channel_;
  const double value_;
};

class MetricRegistryTest : public testing::Test {
 protected:
  std::vector<std::pair<std::string, double>> Collected() const {
    std::vector<std::pair<std::string, double>> all;
    for (const Metric& metric : registry_.Collect()) {
      all.emplace_back(metric.name + "/" + metric.labels[0].second, metric.value);
    }
    return all;
  }
  MetricRegistry registry_;
};

TEST_F(MetricRegistryTest, CollectsAllSeriesInOrder) {
  registry_.Add(std::make_shared<Source>("y", 1));
  registry_.Add(std::make_shared<Source>("x", 2));
  EXPECT_THAT(Collected(), ElementsAre(Pair("tidelog_a/x", 2), Pair("tidelog_a/y", 1),
                                       Pair("tidelog_b/x", 2), Pair("tidelog_b/y", 1)));
}

TEST_F(MetricRegistryTest, ForgetsASourceThatIsRemoved) {
  const auto source = std::make_shared<Source>("x", 1);
  registry_.Add(source);
  registry_.Remove(source.get());
  registry_.Remove(source.get());
  EXPECT_THAT(Collected(), IsEmpty());
}

// An exporter may not show one series twice.
TEST_F(MetricRegistryTest, TellsOfTwoTermsOfAChannelTheNewerOne) {
  const auto old_term = std::make_shared<Source>("x", 1);
  registry_.Add(old_term);
  registry_.Add(std::make_shared<Source>("x", 2));
  EXPECT_THAT(Collected(), ElementsAre(Pair("tidelog_a/x", 2), Pair("tidelog_b/x", 2)));
  registry_.Remove(old_term.get());
  EXPECT_THAT(Collected(), ElementsAre(Pair("tidelog_a/x", 2), Pair("tidelog_b/x", 2)));
}

}  // namespace
}  // namespace tidelog
