// hermetic-load: makes mail, takes mail, and measures both. See bench/README.md.
#include "load/process.h"
#include "load/report.h"
#include "load/send.h"
#include "load/sink.h"
#include "load/sync.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>
#include <map>
#include <string>

namespace {

using namespace hermetic::load;

const std::map<std::string, TlsMode> kTlsModes{
    {"off", TlsMode::Off}, {"starttls", TlsMode::StartTls}, {"implicit", TlsMode::Implicit}};
const std::map<std::string, TlsVersion> kTlsVersions{{"1.2", TlsVersion::V12},
                                                     {"1.3", TlsVersion::V13}};
const std::map<std::string, bool> kSinkTls{{"off", false}, {"starttls", true}};
const std::map<std::string, bool> kQuit{{"wait", false}, {"overlap", true}};

void print_line(const std::string& line)
{
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
}

// What says which mail is sent, and how: `send` and `both`.
void add_load(CLI::App& command, SendOptions& options)
{
    command.add_option("--connections", options.connections, "at once")->check(CLI::PositiveNumber);
    command.add_option("--messages", options.messages, "in all");
    command.add_option("--size", options.shape.size, "octets of each message");
    command.add_option("--per-connection", options.per_connection,
                       "messages on each connection; 0: no limit");
    command.add_option("--tls", options.tls, "off, starttls or implicit")
        ->transform(CLI::CheckedTransformer(kTlsModes));
    command.add_option("--tls-version", options.tls_version, "1.2 or 1.3")
        ->transform(CLI::CheckedTransformer(kTlsVersions));
    command.add_flag("--resume", options.resume, "offer TLS sessions for resumption");
    command.add_flag("--pipeline-next", options.pipeline_next,
                     "the next envelope goes out with the content (latencies then overlap)");
    command
        .add_option("--quit", options.overlap_quit,
                    "wait for the 221 before the next connection, or overlap")
        ->transform(CLI::CheckedTransformer(kQuit));
    command.add_option("--from", options.shape.from, "reverse-path; may be empty");
    command.add_option("--recipient", options.shape.recipient,
                       "{n}: number of the message, {d}: that modulo --domains");
    command.add_option("--domains", options.shape.domains)->check(CLI::PositiveNumber);
    command.add_option("--start", options.start, "number of the first message");
    command.add_option("--rate", options.rate, "messages per second; 0: as fast as it goes");
    command.add_option("--helo", options.helo);
}

CLI::App& add_send(CLI::App& program, SendOptions& options)
{
    CLI::App& command = *program.add_subcommand("send", "send messages, print the result as JSON");
    add_load(command, options);
    command.add_option("--to", options.to, "ADDRESS:PORT, repeatable")->required();
    command.add_option("--from-addresses", options.from_addresses,
                       "source addresses, in turn: 127.0.0.1-127.0.0.50");
    command.add_option("--idle", options.idle,
                       "open the connections, send nothing, hold them this many seconds or until "
                       "SIGTERM");
    command.add_option("--threads", options.threads)->check(CLI::PositiveNumber);
    command.add_option("--timeout", options.timeout, "seconds until the run is given up");
    command.add_option("--ready-file", options.ready_file, "written when all is opened (--idle)");
    command.add_option("--accepted-ids", options.accepted_ids,
                       "numbers of the accepted messages, one a line");
    return command;
}

CLI::App& add_sink(CLI::App& program, SinkOptions& options)
{
    CLI::App& command = *program.add_subcommand("sink", "take messages, print the result as JSON");
    command.add_option("--listen", options.listen, "ADDRESS:PORT, repeatable")->required();
    command.add_option("--tls", options.starttls, "off or starttls")
        ->transform(CLI::CheckedTransformer(kSinkTls));
    command.add_option("--certificate", options.certificate, "PEM chain; else one of its own");
    command.add_option("--key", options.key, "PEM");
    command.add_option("--expect", options.expect, "end when this many distinct numbers came");
    command.add_option("--first", options.first, "the lowest number that is expected");
    command.add_option("--linger", options.linger, "seconds after the last that is expected");
    command.add_option("--timeout", options.timeout, "seconds; 0: none");
    command.add_option("--threads", options.threads)->check(CLI::PositiveNumber);
    command.add_option("--delay-ms", options.delay_ms, "before the reply to the end of data");
    command.add_option("--reject", options.reject, "share of recipients refused, 0 to 1");
    command.add_option("--defer", options.defer, "share of recipients deferred, 0 to 1");
    command.add_option("--ready-file", options.ready_file, "JSON with the listeners");
    command.add_option("--status-file", options.status_file, "the result so far, upon SIGUSR1");
    command.add_option("--received-ids", options.received_ids,
                       "numbers of the messages that came, one a line");
    return command;
}

CLI::App& add_sync(CLI::App& program, SyncOptions& options)
{
    CLI::App& command = *program.add_subcommand("sync", "measure fdatasync after an append");
    command.add_option("--directory", options.directory);
    command.add_option("--size", options.size, "octets of each append");
    command.add_option("--count", options.count)->check(CLI::PositiveNumber);
    return command;
}

// The generator against the sink: what there is without a server between them.
void run_both(SendOptions send, int signals)
{
    SinkOptions sink_options;
    sink_options.listen = {"127.0.0.1:0"};
    sink_options.starttls = send.tls == TlsMode::StartTls;
    sink_options.expect = send.messages;
    sink_options.first = send.start;
    Sink sink(sink_options);
    send.to = sink.listeners();
    const std::string sent = run_send(send, signals, print_line);
    const std::string received = sink.stop();
    print_line("{\"send\": " + sent + ", \"sink\": " + received + "}");
}

}  // namespace

int main(int argc, char** argv)
{
    CLI::App program("Makes mail, takes mail, measures both", "hermetic-load");
    program.require_subcommand(1);
    SendOptions send;
    SendOptions both;
    SinkOptions sink;
    SyncOptions sync;
    CLI::App& send_command = add_send(program, send);
    CLI::App& sink_command = add_sink(program, sink);
    CLI::App& sync_command = add_sync(program, sync);
    add_load(*program.add_subcommand("both", "the generator against the sink"), both);
    CLI11_PARSE(program, argc, argv);
    try {
        prepare_process();
        const int signals = open_signals();
        if (send_command.parsed()) {
            print_line(run_send(send, signals, print_line));
        } else if (sink_command.parsed()) {
            print_line(run_sink(sink, signals));
        } else if (sync_command.parsed()) {
            print_line(format_sync_result(measure_sync(sync)));
        } else {
            run_both(both, signals);
        }
    } catch (const std::exception& error) {
        std::fprintf(stderr, "hermetic-load: %s\n", error.what());
        return 2;
    }
    return 0;
}
