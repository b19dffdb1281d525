# SPDX-License-Identifier: GPL-2.0-only
# Public sources of randomness of Ruby. usage: draw.rb GO    (see table)
require 'openssl'
require 'securerandom'
require 'tmpdir'

$stdout.sync = true
own = Random.new
sources = {
  'rand' => -> { rand },
  'Random.new' => -> { own.rand },
  'Array#shuffle' => -> { (1..30).to_a.shuffle.join(' ') },
  'SecureRandom.hex' => -> { SecureRandom.hex(8) },
  'SecureRandom.uuid' => -> { SecureRandom.uuid },
  'Random.urandom' => -> { Random.urandom(8).unpack1('H*') },
  'OpenSSL::Random' => -> { OpenSSL::Random.random_bytes(8).unpack1('H*') },
  'names of Dir.mktmpdir' => -> { Dir.mktmpdir.sub(/.*-/, '') },
  'hash of a text' => -> { 'text'.hash }
}
draw = -> { sources.map { |name, source| [name, *Array.new(3) { source.call }] } }

draw.call
puts 'ready'
sleep 0.1 until File.exist?(ARGV[0])
draw.call.each { |words| puts ["Ruby #{RUBY_VERSION[/\d+\.\d+/]}", *words].join("\t") }
puts 'done'
sleep 3600
