// SPDX-License-Identifier: LGPL-2.1-or-later

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStreamReader;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A session number that no clone has: see ../bindings.md. The JDK alone cannot map a device, so
 * this uses JNA (Debian: libjna-java). Run: java -cp /usr/share/java/jna.jar Session.java
 */
public class Session {
    public interface LibC extends Library {
        int open(String path, int flags);

        int close(int fd);

        Pointer mmap(Pointer at, long size, int access, int flags, int fd, long offset);
    }

    private static final int O_RDONLY = 0, O_CLOEXEC = 02000000, PROT_READ = 1, MAP_SHARED = 1;
    private static final VarHandle INT =
        MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.nativeOrder());

    private static ByteBuffer word; // null: there is no counter, and nothing can be noticed
    private static int seen;
    private static byte[] session; // what must not exist twice

    private static void openCounter() {
        LibC libc = Native.load("c", LibC.class);
        String path = System.getenv().getOrDefault("SYSGENID_PATH", "/dev/sysgenid");
        int fd = libc.open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            return;
        Pointer page = libc.mmap(Pointer.NULL, 4, PROT_READ, MAP_SHARED, fd, 0);
        libc.close(fd);
        if (Pointer.nativeValue(page) == -1)
            return;
        word = page.getByteBuffer(0, 4);
        seen = (int) INT.getVolatile(word, 0);
    }

    private static byte[] sessionNumber() throws Exception {
        int now = word == null ? seen : (int) INT.getVolatile(word, 0);
        if (now != seen)
            session = null; // made by somebody we were once
        seen = now;
        if (session == null) {
            // Not SecureRandom: each kind of it keeps a state, or bytes of the kernel's, that a
            // clone has as well.
            try (FileInputStream kernel = new FileInputStream("/dev/urandom")) {
                session = kernel.readNBytes(8);
            }
        }
        return session;
    }

    public static void main(String[] args) throws Exception {
        openCounter();
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        while (lines.readLine() != null) {
            StringBuilder hex = new StringBuilder();
            for (byte b : sessionNumber())
                hex.append(String.format("%02x", b));
            System.out.println(hex);
        }
    }
}
