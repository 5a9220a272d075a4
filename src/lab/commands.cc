// The command line of `hermetic lab`; see run_lab.h.
#include "lab/run_lab.h"
#include "lab/tour.h"

#include <CLI/CLI.hpp>

namespace hermetic::lab {

void add_commands(CLI::App& app, LabArguments& lab, TourArguments& tour, int& result)
{
    auto* const lab_command = app.add_subcommand(
        "lab",
        "Partner servers on loopback with every kind of TLS behaviour, to test policies with");
    lab_command->add_option("--port", lab.port, "Port of every partner; 0: one that is free");
    lab_command->add_option("--dns", lab.dns_port, "Port of their name server on 127.0.0.1");
    lab_command->add_option("--dir", lab.directory, "Folder for certificates and records");
    lab_command->add_option("--only", lab.only, "Names of partners, separated by commas")
        ->delimiter(',');
    lab_command->add_flag("--json", lab.json,
                          "Where they are as JSON instead of a table; it runs on all the same");
    lab_command->require_subcommand(0, 1);
    auto* const tour_command = lab_command->add_subcommand(
        "tour", "Start server and lab, send a message to many partners, show what happened");
    tour_command->add_flag("--keep", tour.keep, "Leave both running until Ctrl-C");
    lab_command->callback([&lab, &tour, &result, tour_command] {
        if (tour_command->parsed() && lab.json)
            throw CLI::ValidationError("tour", "it has no --json: what it shows is for people");
        result = tour_command->parsed() ? run_tour(tour) : run_lab(lab);
    });
}

}  // namespace hermetic::lab
