#include "cli/connector_save.h"

#include "admin/client.h"
#include "cli/cli.h"
#include "cli/complaint.h"
#include "cli/progress.h"
#include "cli/server_call.h"
#include "core/text.h"
#include "validation/json.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <string_view>
#include <unistd.h>

namespace hermetic::cli {
namespace {

using validation::State;
using validation::Step;
using validation::StepId;

// One line on a terminal, so that nobody wonders why saving takes its time.
class Waiting {
public:
    ~Waiting() { say("\r\x1b[K"); }
    void on(const Step& step)
    {
        if (step.state != State::Running) return;
        say(fmt::format("\r\x1b[Ktesting it first: {} {} {}...", validation::name(step.id),
                        printable(step.host), printable(step.address)));
    }

private:
    void say(const std::string& text) const
    {
        if (terminal_) std::fputs(text.c_str(), stderr);
    }
    bool terminal_ = ::isatty(STDERR_FILENO) == 1 && speaks_to_people();
};

bool is_whole(const Step& step)
{
    return step.id == StepId::Result && step.host.empty();
}

}  // namespace

CopyTest test_copy(const ServerChoice& server, const ObjectChoice& object,
                   const boost::json::object& edit)
{
    std::string target =
        "/v1/connectors/" + admin::percent_encode(object.name) + "/test?direction=outbound";
    if (!object.organization.empty())
        target += "&organization=" + admin::percent_encode(object.organization);
    CopyTest test;
    Waiting waiting;
    const auto on_line = [&](std::string_view line) {
        const auto step = validation::parse_step(line);
        if (!step) return;
        waiting.on(*step);
        if (is_whole(*step)) {
            test.state = validation::name(step->state);
            test.words = step->seen;
        } else if (step->state == State::Failed || step->state == State::Warning) {
            test.findings.push_back(*step);
        }
    };
    const auto refused = stream_from_server(server, "POST", target, serialize(edit), on_line);
    if (test.state.empty())
        test.words = refused.value_or("the server ended the test before its result");
    return test;
}

std::string format_warning(const CopyTest& test, const std::string& connector)
{
    if (test.state == "ok") return {};
    if (test.state.empty()) {
        return fmt::format(
            "warning: the connector was saved without a test: {}\n"
            "whether mail can be delivered with it is not known; run: hermetic connector test {}\n",
            printable(test.words, 1000), connector);
    }
    std::string text =
        "warning: the connector was tested before it was saved: " + test.words + "\n";
    Progress progress{Progress::Kind::Plain};
    for (const Step& step : test.findings) text += progress.on(step);
    text += fmt::format(
        "\nit was saved nevertheless; for all steps run: hermetic connector test {}\n", connector);
    return text;
}

boost::json::value describe(const CopyTest& test)
{
    boost::json::array findings;
    for (const Step& step : test.findings)
        findings.push_back(boost::json::parse(validation::format_json(step)));
    boost::json::object object{{"words", test.words}, {"findings", std::move(findings)}};
    object["state"] =
        test.state.empty() ? boost::json::value(nullptr) : boost::json::value(test.state);
    return object;
}

}  // namespace hermetic::cli
