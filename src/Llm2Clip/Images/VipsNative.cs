using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using Llm2Clip.Natives;

namespace Llm2Clip.Images;

/// <summary>
/// The part of libvips' C API (8.18, https://www.libvips.org/API/8.18/) that decoding and encoding need. Operations are built
/// through GObject properties, so that no function with variable arguments is called. The library is the npm package
/// <c>@img/sharp-libvips-linux-x64</c>, which brings glib and all codecs along.
/// </summary>
internal static unsafe partial class VipsNative
{
    // A name that no search path holds, so that the resolver below decides and a system-wide libvips of another version is not taken.
    private const string Library = "llm2clip-vips";
    private const string Package = "node_modules/@img/sharp-libvips-linux-x64/lib";
    private const int LogLevelWarning = 1 << 4;

    private static readonly Lazy<bool> Started = new(Load);

    static VipsNative() =>
        AssemblyLoadContext.Default.ResolvingUnmanagedDll += (_, name) => name == Library ? NativeLocator.Load(LibraryPath()) : 0;

    /// <summary>Whether the library is in use.</summary>
    public static bool IsStarted => Started.IsValueCreated;

    /// <summary>Loads and initialises the library, once. Throws <see cref="RunException"/>, saying what to do, where it is missing.</summary>
    public static void Start() => _ = Started.Value;

    private static bool Load()
    {
        try
        {
            if (Init("llm2clip") != 0)
            {
                throw new RunException("libvips could not start: " + TakeError() + ". Run ./llm2clip doctor.");
            }
        }
        catch (DllNotFoundException e)
        {
            throw new RunException("Pictures need libvips. " + e.Message, e);
        }
        // One thread an image: the loader's workers are the parallelism. No operation is repeated, so nothing is worth caching.
        ConcurrencySet(1);
        CacheSetMax(0);
        SetLogHandler("VIPS", LogLevelWarning, &IgnoreLog, 0);
        return true;
    }

    /// <summary>Version of the loaded library, such as 8.18.7.</summary>
    public static string Version
    {
        get
        {
            Start();
            return $"{VersionPart(0)}.{VersionPart(1)}.{VersionPart(2)}";
        }
    }

    /// <summary>Path of the library below the natives folder; the file's name carries its version.</summary>
    public static string LibraryPath()
    {
        var folder = NativeLocator.Folder is { } natives ? Path.Combine(natives, Package) : null;
        var file = folder is not null && Directory.Exists(folder)
            ? Directory.GetFiles(folder, "libvips-cpp.so*").Order(StringComparer.Ordinal).FirstOrDefault()
            : null;
        return Path.Combine(Package, Path.GetFileName(file) ?? "libvips-cpp.so");
    }

    /// <summary>The messages since the last call, one line. The buffer is the process's, so a message of another thread may stand among them.</summary>
    public static string TakeError()
    {
        var text = Marshal.PtrToStringUTF8(ErrorBuffer()) ?? "";
        ErrorClear();
        return string.Join("; ", text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Distinct());
    }

    // Warnings would go to the console; what matters is raised as an error through fail_on.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void IgnoreLog(nint domain, int level, nint message, nint data) { }

    /// <summary>A GObject value: 24 bytes, its type first; zeroed before <see cref="ValueInit"/>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Value
    {
        public nuint Type;
        public ulong First;
        public ulong Second;
    }

    [LibraryImport(Library, EntryPoint = "vips_init", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Init(string program);

    [LibraryImport(Library, EntryPoint = "vips_version")]
    private static partial int VersionPart(int part);

    [LibraryImport(Library, EntryPoint = "vips_concurrency_set")]
    private static partial void ConcurrencySet(int threads);

    [LibraryImport(Library, EntryPoint = "vips_cache_set_max")]
    private static partial void CacheSetMax(int operations);

    [LibraryImport(Library, EntryPoint = "vips_thread_shutdown")]
    public static partial void ThreadShutdown();

    [LibraryImport(Library, EntryPoint = "g_log_set_handler", StringMarshalling = StringMarshalling.Utf8)]
    private static partial uint SetLogHandler(string domain, int levels, delegate* unmanaged[Cdecl]<nint, int, nint, nint, void> handler, nint data);

    [LibraryImport(Library, EntryPoint = "vips_error_buffer")]
    private static partial nint ErrorBuffer();

    [LibraryImport(Library, EntryPoint = "vips_error_clear")]
    private static partial void ErrorClear();

    [LibraryImport(Library, EntryPoint = "vips_operation_new", StringMarshalling = StringMarshalling.Utf8)]
    public static partial VipsObject OperationNew(string name);

    [LibraryImport(Library, EntryPoint = "vips_cache_operation_buildp")]
    public static partial int OperationBuild(ref nint operation);

    [LibraryImport(Library, EntryPoint = "vips_object_unref_outputs")]
    public static partial void UnrefOutputs(nint operation);

    [LibraryImport(Library, EntryPoint = "vips_object_set_argument_from_string", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SetArgument(VipsObject operation, string name, string value);

    [LibraryImport(Library, EntryPoint = "g_object_unref")]
    public static partial void Unref(nint item);

    [LibraryImport(Library, EntryPoint = "g_object_set_property", StringMarshalling = StringMarshalling.Utf8)]
    public static partial void SetProperty(VipsObject item, string name, ref Value value);

    [LibraryImport(Library, EntryPoint = "g_object_get_property", StringMarshalling = StringMarshalling.Utf8)]
    public static partial void GetProperty(VipsObject item, string name, ref Value value);

    [LibraryImport(Library, EntryPoint = "g_value_init")]
    public static partial nint ValueInit(ref Value value, nuint type);

    [LibraryImport(Library, EntryPoint = "g_value_unset")]
    public static partial void ValueUnset(ref Value value);

    [LibraryImport(Library, EntryPoint = "g_value_set_boxed")]
    public static partial void ValueSetBoxed(ref Value value, nint boxed);

    [LibraryImport(Library, EntryPoint = "g_value_get_boxed")]
    public static partial nint ValueGetBoxed(ref Value value);

    [LibraryImport(Library, EntryPoint = "g_value_set_object")]
    public static partial void ValueSetObject(ref Value value, nint item);

    [LibraryImport(Library, EntryPoint = "g_value_dup_object")]
    public static partial nint ValueDupObject(ref Value value);

    [LibraryImport(Library, EntryPoint = "vips_blob_get_type")]
    public static partial nuint BlobType();

    [LibraryImport(Library, EntryPoint = "vips_image_get_type")]
    public static partial nuint ImageType();

    [LibraryImport(Library, EntryPoint = "vips_blob_new")]
    public static partial nint BlobNew(nint free, byte* data, nuint length);

    [LibraryImport(Library, EntryPoint = "vips_blob_get")]
    public static partial byte* BlobGet(nint blob, out nuint length);

    [LibraryImport(Library, EntryPoint = "vips_area_unref")]
    public static partial void AreaUnref(nint area);

    [LibraryImport(Library, EntryPoint = "g_free")]
    public static partial void Free(void* memory);

    [LibraryImport(Library, EntryPoint = "vips_image_new_from_memory_copy")]
    public static partial VipsObject ImageFromMemory(byte* data, nuint size, int width, int height, int bands, int format);

    [LibraryImport(Library, EntryPoint = "vips_region_new")]
    public static partial VipsObject RegionNew(VipsObject image);

    [LibraryImport(Library, EntryPoint = "vips_region_fetch")]
    public static partial byte* RegionFetch(VipsObject region, int left, int top, int width, int height, out nuint size);

    [LibraryImport(Library, EntryPoint = "vips_image_get_width")]
    public static partial int Width(VipsObject image);

    [LibraryImport(Library, EntryPoint = "vips_image_get_height")]
    public static partial int Height(VipsObject image);

    [LibraryImport(Library, EntryPoint = "vips_image_get_bands")]
    public static partial int Bands(VipsObject image);

    [LibraryImport(Library, EntryPoint = "vips_image_get_format")]
    public static partial int Format(VipsObject image);

    [LibraryImport(Library, EntryPoint = "vips_image_get_orientation")]
    public static partial int Orientation(VipsObject image);

    [LibraryImport(Library, EntryPoint = "vips_image_get_interpretation")]
    public static partial int Interpretation(VipsObject image);
}

/// <summary>A reference to a GObject: an image or an operation.</summary>
internal sealed class VipsObject : SafeHandle
{
    public VipsObject()
        : base(0, ownsHandle: true)
    {
    }

    public VipsObject(nint owned)
        : this() => SetHandle(owned);

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        VipsNative.Unref(handle);
        return true;
    }
}
