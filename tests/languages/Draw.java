// SPDX-License-Identifier: GPL-2.0-only

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Supplier;

/** Public sources of randomness of the JDK. Usage: java Draw GO (see table). */
public class Draw {
    private static final Map<String, Supplier<Object>> SOURCES = new LinkedHashMap<>();

    private static void secure(String name, SecureRandom random) {
        SOURCES.put(name, random::nextLong);
    }

    public static void main(String[] args) throws Exception {
        Random own = new Random();
        SplittableRandom splittable = new SplittableRandom();

        SOURCES.put("Math.random", Math::random);
        SOURCES.put("java.util.Random", own::nextLong);
        SOURCES.put("a new java.util.Random", () -> new Random().nextLong());
        SOURCES.put("ThreadLocalRandom", () -> ThreadLocalRandom.current().nextLong());
        SOURCES.put("SplittableRandom", splittable::nextLong);
        SOURCES.put("UUID.randomUUID", UUID::randomUUID);
        secure("SecureRandom", new SecureRandom());
        secure("SecureRandom NativePRNGNonBlocking", SecureRandom.getInstance("NativePRNGNonBlocking"));
        secure("SecureRandom DRBG", SecureRandom.getInstance("DRBG"));
        secure("SecureRandom SHA1PRNG", SecureRandom.getInstance("SHA1PRNG"));
        SOURCES.put("Object.hashCode", () -> new Object().hashCode());
        SOURCES.put("order of Set.of", () -> Set.of("a", "b", "c", "d", "e", "f", "g", "h"));
        SOURCES.values().forEach(Supplier::get);
        System.out.println("ready");
        while (!Files.exists(Path.of(args[0])))
            Thread.sleep(100);
        SOURCES.forEach((name, source) -> System.out.println(String.join("\t",
            "OpenJDK " + Runtime.version().feature(), name, "" + source.get(), "" + source.get(), "" + source.get())));
        System.out.println("done");
        Thread.sleep(3600000);
    }
}
