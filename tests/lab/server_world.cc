#include "server_world.h"

#include "lab/configuration.h"
#include "lab/work_directory.h"

#include <gtest/gtest.h>

#include <csignal>
#include <thread>

namespace hermetic::lab_test {

using namespace lab;

std::string ServerWorld::start()
{
    std::signal(SIGPIPE, SIG_IGN);
    const auto directory = make_work_directory();
    if (!directory) return directory.error();
    directory_ = *directory;
    lab_ = std::make_unique<Lab>(LabOptions{.directory = directory_});
    if (const auto lab_started = lab_->start(); !lab_started) return describe(lab_started.error());
    const ServerPlan plan{.data_directory = directory_ / "data",
                          .log_file = directory_ / "hermetic.log",
                          .patience = plan_.patience};
    std::filesystem::create_directory(plan.data_directory);
    const ServerProcess::Files files{HERMETIC_BINARY, directory_ / "hermetic.toml",
                                     directory_ / "ready.json", directory_ / "server.txt",
                                     directory_ / "ca.pem"};
    const std::string objects = plan_.objects ? plan_.objects(*lab_) : std::string{};
    if (!write_text(files.config, format_node_file(*lab_, plan)) ||
        !write_text(directory_ / "org.toml", format_org_file(*lab_) + objects)) {
        return "cannot write the configuration";
    }
    if (const auto ready = server_.start(files, kServerStart); !ready) return ready.error();
    started_ = true;
    log_ = std::make_unique<LogFollower>(directory_ / "hermetic.log");
    return {};
}

ServerWorld::~ServerWorld()
{
    stop();
    lab_.reset();
    std::error_code ignored;
    if (!testing::UnitTest::GetInstance()->Failed()) {
        std::filesystem::remove_all(directory_, ignored);
    }
}

void ServerWorld::stop()
{
    if (!std::exchange(started_, false)) return;
    EXPECT_EQ(server_.stop(), 0) << "the server's end; " << where();
    lab_->stop();
}

bool ServerWorld::greet(SmtpClient& client) const
{
    const Endpoint* const listener = server_.listener("mx");
    return listener != nullptr && client.connect(*listener, kServerStart) &&
           client.read_reply().code == 220 && client.command("EHLO client.lab.test").code == 250;
}

void ServerWorld::await_attempts(std::size_t count, std::chrono::seconds at_most)
{
    const auto until = std::chrono::steady_clock::now() + at_most;
    while (std::chrono::steady_clock::now() < until && server_.is_running()) {
        for (auto& attempt : log_->poll()) {
            if (attempt.number > 1) continue;
            auto key = plan_.key_of(attempt);
            if (!key.empty()) attempts_.emplace(std::move(key), std::move(attempt));
        }
        if (attempts_.size() >= count) return;
        std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
}

const AttemptLine* ServerWorld::attempt(const std::string& key) const
{
    const auto found = attempts_.find(key);
    return found == attempts_.end() ? nullptr : &found->second;
}

std::string domain_of_recipient(const AttemptLine& attempt)
{
    std::string domain = attempt.to.substr(attempt.to.rfind('@') + 1);
    if (domain.ends_with('>')) domain.pop_back();
    return domain;
}

}  // namespace hermetic::lab_test
