# SPDX-License-Identifier: GPL-2.0-only
# Public sources of randomness of Perl. usage: draw.pl GO    (see table)
use strict;
use warnings;
use File::Temp qw(tempfile);
use List::Util qw(shuffle);
use Time::HiRes qw(sleep);

my %many = map { $_ => 1 } 1 .. 50;
my @sources = (
	['rand', sub { rand }],
	['List::Util shuffle', sub { join ' ', shuffle 1 .. 30 }],
	['names of File::Temp', sub { (tempfile(UNLINK => 0))[1] }],
	['order of a new hash', sub { my %new = %many; join ' ', keys %new }],
);

sub draw { map { my ($name, $source) = @$_; [$name, map { $source->() } 1 .. 3] } @sources }

$| = 1;
draw();
print "ready\n";
sleep 0.1 until -e $ARGV[0];
print join("\t", 'Perl ' . (sprintf('%vd', $^V) =~ /^(\d+\.\d+)/)[0], @$_), "\n" for draw();
print "done\n";
sleep 3600;
