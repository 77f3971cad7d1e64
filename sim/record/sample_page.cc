// Prints the page of the sample run, for page_test.sh to open in a browser.
#include <cstdio>
#include <string>

#include "sim/record/page.h"
#include "sim/record/sample_run.h"

int main() {
  const tidelog::sim::SampleRun run = tidelog::sim::MakeSampleRun();
  const std::string html = tidelog::sim::HtmlPage(run.Story());
  return std::fwrite(html.data(), 1, html.size(), stdout) == html.size() ? 0 : 1;
}
